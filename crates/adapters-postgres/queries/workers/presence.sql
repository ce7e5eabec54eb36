UPDATE email.workers SET idle = $2 WHERE worker_id = $1
