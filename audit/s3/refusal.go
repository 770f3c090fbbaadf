package s3

// refusal is an error that another attempt does not mend.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// RetryableError is for the SDK.
func (r *refusal) RetryableError() bool { return false }
