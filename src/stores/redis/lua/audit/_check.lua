-- Refuses before anything is written: what is there is no trail, or may not be written.
if redis.acl_check_cmd
  and not (redis.acl_check_cmd('XADD', trail, '*', 'e', '') and redis.acl_check_cmd('XTRIM', trail, 'MAXLEN', '1')) then
  return redis.error_reply("NOPERM this user has no permissions to write the audit trail of sessions")
end
redis.call('XLEN', trail)
