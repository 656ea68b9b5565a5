"""HTTP as the gateway speaks it, whatever the requests are about: who may ask, what is let in, how it is answered."""
