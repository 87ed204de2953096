"""The records: schema, what earlier versions left."""
