"""A made-up second target, of which the product knows nothing: sheets are pinned on a board, and a bell is rung."""
