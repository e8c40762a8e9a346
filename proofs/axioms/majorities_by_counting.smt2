; Are there two majorities of a finite set without a member in common?
;
; Two subsets cut a set in four parts: what is in both, in the first alone, in the second alone, in neither. Any four
; sizes are possible, and say all that matters here. So this is about every finite set, however large; that the size of
; a set is the sum of the sizes of parts that do not overlap is used without proof.
(set-logic ALL)
(declare-fun both () Int)
(declare-fun first_alone () Int)
(declare-fun second_alone () Int)
(declare-fun neither () Int)
(assert (and (>= both 0) (>= first_alone 0) (>= second_alone 0) (>= neither 0)))
(define-fun all () Int (+ both first_alone second_alone neither))
(assert (> (* 2 (+ both first_alone)) all))
(assert (> (* 2 (+ both second_alone)) all))
(assert (= both 0))
(check-sat)
