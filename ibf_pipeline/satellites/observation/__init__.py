"""Whether a radar pass has seen the flood that was forecast: open water, people in it, hit or false alarm."""
