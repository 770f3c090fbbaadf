package s3

// refusal is an error after which another attempt is useless.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// RetryableError tells the SDK not to try again.
func (r *refusal) RetryableError() bool { return false }
