package s3

// refusal is an error that another attempt cannot mend.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// RetryableError tells the SDK not to try again.
func (r *refusal) RetryableError() bool { return false }
