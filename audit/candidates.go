package audit

// Candidates returns one candidate for each event, in their order, to try a [Filter] on events
// that were written before. Verdicts have no effect. An event without an App gets app. If
// [Logger.Ingest] would refuse one of the events, Candidates returns its error.
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
