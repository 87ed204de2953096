"""Orders to the DestinE Data Lake's Hook service and to its sisters, which run the same OnDemand Processing API."""
