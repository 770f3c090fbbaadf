package audit

// Candidates returns one candidate for each event, in the order of the events. Use it to try a
// [Filter] on events that are already written: the verdicts have no effect. An event without an
// App gets the argument app. If [Logger.Ingest] would refuse one of the events, Candidates returns
// the error of Ingest.
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
