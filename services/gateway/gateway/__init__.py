"""The gateway: takes requests over REST, stores them as durable jobs and answers at once."""
