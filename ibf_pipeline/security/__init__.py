"""How accounts and contents travel: encrypted, or not at all."""
