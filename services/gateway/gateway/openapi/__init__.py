"""The OpenAPI document: what routes say of their answers, and what the framework does not see."""
