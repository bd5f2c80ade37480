// Where LoyalNest is: the origin of `application_url` in shopify.app.toml; a test compares.
export const BACKEND = 'https://loyalnest.example';
