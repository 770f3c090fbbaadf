package zipkin

// The type spans is a part of a batch. The field from is the index of the first span in the
// part. The field to is the index after the last span.
type spans struct{ from, to int }

func (s spans) len() int { return s.to - s.from }

// halves returns the two halves of s. The length of s must be at least two.
func (s spans) halves() (first, second spans) {
	middle := s.from + s.len()/2
	return spans{s.from, middle}, spans{middle, s.to}
}
