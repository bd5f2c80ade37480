"""The channels that messages take, and the outside service behind each."""

EMAIL, SMS, DASHBOARD = "email", "sms", "dashboard"
# Channel to shoppers -> the merchant's own account that sends it.
SERVICES = {EMAIL: "klaviyo", SMS: "postscript"}
