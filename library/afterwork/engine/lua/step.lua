#!lua flags=allow-oom
-- A worker's one call: first finish what is done, then claim what is due.
-- parts: step/arguments step/finishing parts/limits step/gates step/adopting step/claiming step/lanes step/turn
-- ARGV: worker queue lease sequence first_claim slots suspect_running
--       (first_claim: tokens count up from it; no two steps of a worker may overlap in it)
--       #kinds then per kind: kind max_attempts timeout      (the latter two for jobs of stock ARQ clients)
--       #reports then per report: id token progress #lines then per line: age level text
--       #finishes then per finish: id token outcome body, and '' or else 1 delay error progress #lines then as above
--         #followers then per follower: id queue kind level delay|at milliseconds max_attempts timeout unique tags
--         start_before retention follow_ups then payload problem     ('' where there is none)
-- Returns {verdicts, claims, ms until the next due time or -1}.
--   verdict: ok · already · lost      claim: id kind token attempt max_attempts timeout created deaths suspect payload checkpoint
--          then
for _ = 1, tonumber(next_arg()) do report(next_arg(), next_arg(), next_arg(), next_lines()) end

local verdicts = {}
for i = 1, tonumber(next_arg()) do
  verdicts[i] = finish(next_arg(), next_arg(), next_arg(), next_arg(), next_details())
end
return take_turn(verdicts)
