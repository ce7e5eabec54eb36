-- The store's time, where nothing else is read with it.
SELECT now() AS "now!"
