#!lua flags=allow-oom
-- Correct what the records of new jobs say their confirmation was worth. ARGV: durability, then ids.
for i = 2, #ARGV do
  if call('EXISTS', JOB .. ARGV[i]) == 1 then call('HSET', JOB .. ARGV[i], 'durability', ARGV[1]) end
end
return 1
