"""The whole of Afterwork on one machine: an embedded Valkey, the gateway and all services, supervised."""
