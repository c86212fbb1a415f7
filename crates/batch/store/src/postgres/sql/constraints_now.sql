-- What the customer's deferred constraints have against the rows just loaded, they say here and not at the commit.
SET CONSTRAINTS ALL IMMEDIATE
