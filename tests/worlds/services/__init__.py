"""Services on loopback that are as unkind as the real ones, and what is needed to talk to them."""
