"""What an order earned, on the thank-you page and the order status page of Shopify's checkout.

No theme's blocks stand there: `extensions/loyalnest-thank-you` asks for this as JSON.
"""
