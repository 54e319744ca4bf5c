-- Runs after it.
if last then
  redis.call('XTRIM', trail, 'MAXLEN', max_entries)
  redis.call('XTRIM', trail, 'MINID', string.format('%.0f', math.max(tonumber(string.match(last, '^%d+')) - max_age, 0)))
  redis.call('PEXPIRE', trail, max_age)
end
