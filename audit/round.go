package audit

// round is shared by callers of Sync that wait at the same time. When done is closed and err is
// nil, all events that were accepted before these calls are on disk.
type round struct {
	done chan struct{}
	err  error
}

func (r *round) finish(err error) {
	r.err = err
	close(r.done)
}
