"""Facts about models: pins, lifecycles, limits, prices, capabilities."""
