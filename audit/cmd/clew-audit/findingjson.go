package main

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"example.com/clew/audit/lake"
)

// findingObject is a finding as JSON.
type findingObject struct {
	File           string            `json:"file"`
	Filter         string            `json:"filter"`
	Line           int               `json:"line"`
	Apps           []string          `json:"apps"`
	Expires        *time.Time        `json:"expires"`
	Expired        bool              `json:"expired"`
	Error          string            `json:"error"`
	Passed         int               `json:"passed"`
	Stopped        int               `json:"stopped"`
	Failed         int               `json:"failed"`
	Failures       []faultObject     `json:"failures"`
	Off            *faultObject      `json:"off"`
	CallsPerSecond *float64          `json:"calls_per_second"`
	Rate           *float64          `json:"rate"`
	Share          *float64          `json:"share_of_core"`
	Passes         []json.RawMessage `json:"passes"`
	Stops          []json.RawMessage `json:"stops"`
	Warnings       []warningObject   `json:"warnings"`
}

type faultObject struct {
	Reason string          `json:"reason"`
	Line   int             `json:"line"`
	Calls  int             `json:"calls,omitempty"`
	Event  json.RawMessage `json:"event,omitempty"`
}

type warningObject struct {
	Line int    `json:"line"`
	Text string `json:"text"`
}

// json writes a finding as one object, on one line.
func (f *finding) json(to io.Writer) error {
	o, err := f.object()
	if err != nil {
		return err
	}
	return jsonLine(to, o)
}

func (f *finding) object() (o *findingObject, err error) {
	o = &findingObject{
		File: f.file, Filter: f.Name, Line: f.Line, Apps: f.Apps, Expired: f.expired,
		Passed: len(f.Passed), Stopped: len(f.Stopped), Failed: f.Failed, Warnings: []warningObject{},
		CallsPerSecond: known(f.callsPerSecond), Rate: known(f.rate), Share: known(f.share()),
	}
	if !f.Expires.IsZero() {
		o.Expires = &f.Expires
	}
	if f.Err != nil {
		o.Error = f.Err.Error()
	}
	if f.Off != nil {
		o.Off = &faultObject{Reason: f.Off.Reason, Line: f.Off.Line}
	}
	for _, trap := range f.Traps {
		o.Warnings = append(o.Warnings, warningObject(trap))
	}
	if o.Failures, err = f.failures(); err != nil {
		return nil, err
	}
	if o.Passes, err = rawEvents(f.events, newestOf(f.Passed)); err != nil {
		return nil, err
	}
	if o.Stops, err = rawEvents(f.events, newestOf(f.Stopped)); err != nil {
		return nil, err
	}
	return o, nil
}

func (f *finding) failures() ([]faultObject, error) {
	all := []faultObject{}
	for _, failure := range f.Failures {
		event, err := appendJSON(nil, &f.events[failure.Event])
		if err != nil {
			return nil, err
		}
		all = append(all, faultObject{Reason: failure.Reason, Line: failure.Line, Calls: failure.Calls, Event: event})
	}
	return all, nil
}

// known returns nil for a number that is not known, because JSON has no NaN.
func known(n float64) *float64 {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return nil
	}
	return &n
}

func rawEvents(events []lake.Event, indexes []int) ([]json.RawMessage, error) {
	all := []json.RawMessage{}
	for _, i := range indexes {
		text, err := appendJSON(nil, &events[i])
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, nil
}
