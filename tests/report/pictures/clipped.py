"""Texts of a figure, and those that leave it."""

from matplotlib.text import Text


def _texts(figure):
    figure.canvas.draw()
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


def texts_of(figure):
    """What is written, in the order of drawing."""
    return [text.get_text() for text in _texts(figure)]


def clipped_texts(figure):
    """What is written partly outside the figure."""
    width, height = figure.canvas.get_width_height()
    outside = []
    for text in _texts(figure):
        box = text.get_window_extent()
        if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height:
            outside.append(text.get_text())
    return outside
