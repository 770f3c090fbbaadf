package zipkin

// spans is a part of a batch: the spans from index from up to index to, without to.
type spans struct{ from, to int }

func (s spans) len() int { return s.to - s.from }

// halves returns the two halves of s. The length of s must be at least two.
func (s spans) halves() (first, second spans) {
	middle := s.from + s.len()/2
	return spans{s.from, middle}, spans{middle, s.to}
}
