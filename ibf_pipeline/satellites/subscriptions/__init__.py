"""Subscriptions to EODATA catalogues: which satellite product has just been published over an alerted river."""
