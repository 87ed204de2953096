"""What a C library does on a damaged message, in a process of its own."""

import os

os.abort()
