"""The library of the flood forecast pipeline: GloFAS discharge in, the ordered calls of an IBF portal out."""
