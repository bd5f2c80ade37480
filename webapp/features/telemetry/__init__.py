"""Product events to PostHog, and the specification's success metrics as figures of our own."""
