package audit

// Candidates returns the candidates that a [Filter] gets for these events: one each, in their
// order, to try a Filter on events that were written before. Verdicts have no effect. The app of an
// event without one is app. An error is that of [Logger.Ingest] for an event that it would refuse.
func Candidates(app string, events ...Event) ([]Candidate, error) {
	var records []byte
	var e encoder
	for i := range events {
		if err := e.event(app, MaxEvent, &events[i]); err != nil {
			return nil, err
		}
		if e.big {
			return nil, errTooBig
		}
		records = append(records, e.b...)
	}
	var b batch
	b.read(app, string(records))
	return b.candidates, nil
}
