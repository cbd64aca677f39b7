"""The suite: a specification of readiness-driven echo servers, and the means to judge any server by it."""
