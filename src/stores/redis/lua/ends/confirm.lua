publish_missing(reply, KEYS[1])
