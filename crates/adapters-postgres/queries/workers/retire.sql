-- A worker that is known to be dead: its claims are free at once. The row goes with the sweep.
UPDATE email.workers SET beat_at = '-infinity', idle = false WHERE worker_id = $1
