package audit

// round is a promise that all that was accepted before it is on disk.
type round struct {
	done chan struct{}
	err  error
}

func (r *round) finish(err error) {
	r.err = err
	close(r.done)
}
