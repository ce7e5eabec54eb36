-- For people who look at the table: the workers of this store find new letters by themselves.
UPDATE workers SET idle = ?2 WHERE worker_id = ?1
