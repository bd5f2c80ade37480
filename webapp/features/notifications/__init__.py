"""What is said to whom, in which of 22 languages: to shoppers over Klaviyo (e-mail) and Postscript
(SMS), to merchants on their dashboard. What there is to say, the other features declare.
"""
