#!lua flags=allow-oom
-- A worker's one call: first finish what is done, then claim what is due.
-- parts: step/arguments step/finishing parts/limits step/gates step/adopting step/claiming step/lanes
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

-- A lost reply: the same sequence number again gives the same claims again. A smaller one is a copy that was
-- overtaken on its way; its worker has gone on and would never hear of what it claimed.
local last_sequence = slots > 0 and last_step()
if last_sequence and last_sequence > sequence then return { verdicts, claims, -1 } end
if last_sequence == sequence then
  claim_again()
  return { verdicts, claims, 0 }
end

take_back(queue, at, holds)
flush_sets()
measure_gates()
if slots > 0 then
  claim_due()
  remember_step()
end
local next_due = next_due_time()
if next_due == 0 and (slots > 0 or next(gates)) then wake(queue) end -- what ended may have opened a gate
return { verdicts, claims, next_due }
