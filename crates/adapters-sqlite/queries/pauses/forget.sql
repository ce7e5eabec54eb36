-- Those that were over by themselves: nobody else would forget them.
DELETE FROM pauses WHERE until <= (SELECT now FROM clock)
