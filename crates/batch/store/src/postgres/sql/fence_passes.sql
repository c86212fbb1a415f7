-- After fence_insert, which holds the row: whether this part may be loaded, or the claim was taken away before.
SELECT loaded FROM {{fence}} WHERE claim_id = $1 AND part = $2
