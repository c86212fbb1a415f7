-- Rows and statuses are one transaction.
START TRANSACTION
