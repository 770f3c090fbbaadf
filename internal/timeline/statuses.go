package timeline

import (
	"errors"
	"strconv"
	"strings"
)

// Statuses are the HTTP statuses from Low to High, both included.
type Statuses struct{ Low, High int }

// ParseStatuses returns the statuses for a text such as "404", "5xx" or "500-504".
func ParseStatuses(text string) (Statuses, error) {
	if len(text) == 3 && strings.EqualFold(text[1:], "xx") {
		text = text[:1] + "00-" + text[:1] + "99"
	}
	from, until, isRange := strings.Cut(text, "-")
	if !isRange {
		until = from
	}
	low, err := status(from)
	high, err2 := status(until)
	switch {
	case err != nil || err2 != nil:
		return Statuses{}, errors.New("timeline: statuses are written as 404, 5xx or 500-504")
	case high < low:
		return Statuses{}, errors.New("timeline: the lower status of a range comes first")
	}
	return Statuses{low, high}, nil
}

func status(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err == nil && (len(text) != 3 || n < 100) {
		err = strconv.ErrRange
	}
	return n, err
}
