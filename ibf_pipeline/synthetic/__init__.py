"""Made-up inputs with known answers: ensembles for a wish list, raw forecast files, a fictional country."""
