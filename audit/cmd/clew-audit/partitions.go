package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/clew/audit/lake"
)

// partition holds the values of a partition's columns.
type partition [5]int

// partitionColumns are the columns of a partition, with their smallest and largest values.
var partitionColumns = [len(partition{})]struct {
	name        string
	first, last int
}{{"year", 1, 9999}, {"month", 1, 12}, {"day", 1, 31}, {"hour", 0, 23}, {"minute", 0, 55}}

// partitionOf returns the partition of a time.
func partitionOf(t time.Time) partition {
	t = t.UTC().Truncate(lake.PartitionSpan)
	return partition{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute()}
}

// partitionsBetween returns conditions in SQL that together hold for exactly the partitions from
// the partition from to the partition to, including both. Columns with one value come first, as
// simple comparisons that every engine uses to choose partitions.
func partitionsBetween(from, to partition) (conditions []string) {
	var same []string
	for i, column := range partitionColumns {
		if from[i] != to[i] {
			if notBefore(i, from) != "" || notAfter(i, to) != "" { // otherwise the condition always holds
				conditions = []string{differing(i, from, to)}
			}
			break
		}
		same = append(same, fmt.Sprintf("%s = %d", column.name, from[i]))
	}
	if len(same) > 0 {
		conditions = append([]string{strings.Join(same, " AND ")}, conditions...)
	}
	return conditions
}

// differing returns the condition on column i and the columns after it. Column i is the first
// column in which from and to differ.
func differing(i int, from, to partition) string {
	name, first, last := partitionColumns[i].name, from[i], to[i]
	var firstPart, whole, lastPart []string
	if within := notBefore(i+1, from); within != "" {
		firstPart = []string{fmt.Sprintf("%s = %d AND %s", name, first, within)}
		first++
	}
	if within := notAfter(i+1, to); within != "" {
		lastPart = []string{fmt.Sprintf("%s = %d AND %s", name, last, within)}
		last--
	}
	switch {
	case first == last:
		whole = []string{fmt.Sprintf("%s = %d", name, first)}
	case first < last:
		whole = []string{fmt.Sprintf("%s BETWEEN %d AND %d", name, first, last)}
	}
	return anyOf(slices.Concat(firstPart, whole, lastPart))
}

// notBefore returns the condition that a partition is p or a later one. The condition compares
// only column i and the columns after it. It is "" if it always holds.
func notBefore(i int, p partition) string {
	if i == len(p) {
		return ""
	}
	name, within := partitionColumns[i].name, notBefore(i+1, p)
	switch {
	case within != "" && p[i] == partitionColumns[i].last:
		return fmt.Sprintf("%s = %d AND %s", name, p[i], within)
	case within != "":
		return anyOf([]string{fmt.Sprintf("%s = %d AND %s", name, p[i], within), fmt.Sprintf("%s > %d", name, p[i])})
	case p[i] > partitionColumns[i].first:
		return fmt.Sprintf("%s >= %d", name, p[i])
	}
	return ""
}

// notAfter returns the condition that a partition is p or an earlier one. The condition compares
// only column i and the columns after it. It is "" if it always holds.
func notAfter(i int, p partition) string {
	if i == len(p) {
		return ""
	}
	name, within := partitionColumns[i].name, notAfter(i+1, p)
	switch {
	case within != "" && p[i] == partitionColumns[i].first:
		return fmt.Sprintf("%s = %d AND %s", name, p[i], within)
	case within != "":
		return anyOf([]string{fmt.Sprintf("%s < %d", name, p[i]), fmt.Sprintf("%s = %d AND %s", name, p[i], within)})
	case p[i] < partitionColumns[i].last:
		return fmt.Sprintf("%s <= %d", name, p[i])
	}
	return ""
}

func anyOf(conditions []string) string {
	if len(conditions) == 1 {
		return conditions[0]
	}
	return "(" + strings.Join(conditions, " OR ") + ")"
}
