package zipkin

// spans is a part of a batch: from the index from, up to the index to.
type spans struct{ from, to int }

func (s spans) len() int { return s.to - s.from }

// halves returns two parts of s, whose length is at least two.
func (s spans) halves() (first, second spans) {
	middle := s.from + s.len()/2
	return spans{s.from, middle}, spans{middle, s.to}
}
