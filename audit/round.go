package audit

// round promises that all events that were accepted before it are on disk. Callers of Sync share
// it.
type round struct {
	done chan struct{}
	err  error
}

func (r *round) finish(err error) {
	r.err = err
	close(r.done)
}
