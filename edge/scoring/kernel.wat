;; The scorer's network for one text: two bags of table rows, a rectified layer, a weighted sum.
;;
;; Memory, all float32, one part behind the other; `configure` says where the second and the third begin:
;;   table  [rows, D]
;;   dense  W1 [2 D, H], b1 [H], W2 [H], b2 [1]
;;   work   pooled [2 D], hidden [H]
;; then the int32 rows of the text. D and H are multiples of 4.
(module
  (memory (export "memory") 1)
  (global $D (mut i32) (i32.const 0))
  (global $H (mut i32) (i32.const 0))
  (global $dense (mut i32) (i32.const 0))
  (global $work (mut i32) (i32.const 0))

  (func (export "configure") (param $D i32) (param $H i32) (param $dense i32) (param $work i32)
    (global.set $D (local.get $D))
    (global.set $H (local.get $H))
    (global.set $dense (local.get $dense))
    (global.set $work (local.get $work)))

  ;; out[0 .. D] = sum of the rows' vectors / sqrt(max(count, 1))
  (func $pool (param $rows i32) (param $count i32) (param $out i32)
    (local $index i32) (local $column i32) (local $row i32) (local $bytes i32) (local $scale v128)
    (local.set $bytes (i32.shl (global.get $D) (i32.const 2)))
    (memory.fill (local.get $out) (i32.const 0) (local.get $bytes))
    (local.set $scale (f32x4.splat (f32.div (f32.const 1)
      (f32.sqrt (f32.max (f32.convert_i32_u (local.get $count)) (f32.const 1))))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $index) (local.get $count)))
        (local.set $row (i32.mul (local.get $bytes)
          (i32.load (i32.add (local.get $rows) (i32.shl (local.get $index) (i32.const 2))))))
        (local.set $column (i32.const 0))
        (loop $columns
          (v128.store (i32.add (local.get $out) (local.get $column))
            (f32x4.add (v128.load (i32.add (local.get $out) (local.get $column)))
                       (v128.load (i32.add (local.get $row) (local.get $column)))))
          (local.set $column (i32.add (local.get $column) (i32.const 16)))
          (br_if $columns (i32.lt_u (local.get $column) (local.get $bytes))))
        (local.set $index (i32.add (local.get $index) (i32.const 1)))
        (br $next)))
    (local.set $column (i32.const 0))
    (loop $scaling
      (v128.store (i32.add (local.get $out) (local.get $column))
        (f32x4.mul (local.get $scale) (v128.load (i32.add (local.get $out) (local.get $column)))))
      (local.set $column (i32.add (local.get $column) (i32.const 16)))
      (br_if $scaling (i32.lt_u (local.get $column) (local.get $bytes)))))

  ;; The score of a text: `rows` points at `responses` rows of the response, then `prompts` rows of the prompt.
  (func (export "score") (param $rows i32) (param $responses i32) (param $prompts i32) (result f32)
    (local $unit i32) (local $input i32) (local $inputs i32) (local $width i32)
    (local $hidden i32) (local $bias i32) (local $weight i32) (local $second i32) (local $sum v128)
    (call $pool (local.get $rows) (local.get $responses) (global.get $work))
    (call $pool
      (i32.add (local.get $rows) (i32.shl (local.get $responses) (i32.const 2)))
      (local.get $prompts)
      (i32.add (global.get $work) (i32.shl (global.get $D) (i32.const 2))))
    (local.set $inputs (i32.shl (global.get $D) (i32.const 3)))
    (local.set $width (i32.shl (global.get $H) (i32.const 2)))
    (local.set $hidden (i32.add (global.get $work) (local.get $inputs)))
    (local.set $bias (i32.add (global.get $dense)
      (i32.mul (i32.shl (global.get $D) (i32.const 1)) (local.get $width))))
    (local.set $second (i32.add (local.get $bias) (local.get $width)))
    ;; hidden = relu(b1 + pooled W1), four units at a time
    (loop $units
      (local.set $sum (v128.load (i32.add (local.get $bias) (local.get $unit))))
      (local.set $weight (i32.add (global.get $dense) (local.get $unit)))
      (local.set $input (i32.const 0))
      (loop $products
        (local.set $sum (f32x4.add (local.get $sum) (f32x4.mul
          (v128.load32_splat (i32.add (global.get $work) (local.get $input)))
          (v128.load (local.get $weight)))))
        (local.set $weight (i32.add (local.get $weight) (local.get $width)))
        (local.set $input (i32.add (local.get $input) (i32.const 4)))
        (br_if $products (i32.lt_u (local.get $input) (local.get $inputs))))
      (v128.store (i32.add (local.get $hidden) (local.get $unit))
        (f32x4.max (local.get $sum) (v128.const f32x4 0 0 0 0)))
      (local.set $unit (i32.add (local.get $unit) (i32.const 16)))
      (br_if $units (i32.lt_u (local.get $unit) (local.get $width))))
    ;; b2 + hidden W2
    (local.set $sum (v128.const f32x4 0 0 0 0))
    (local.set $unit (i32.const 0))
    (loop $weighted
      (local.set $sum (f32x4.add (local.get $sum) (f32x4.mul
        (v128.load (i32.add (local.get $hidden) (local.get $unit)))
        (v128.load (i32.add (local.get $second) (local.get $unit))))))
      (local.set $unit (i32.add (local.get $unit) (i32.const 16)))
      (br_if $weighted (i32.lt_u (local.get $unit) (local.get $width))))
    (f32.add
      (f32.load (i32.add (local.get $second) (local.get $width)))
      (f32.add
        (f32.add (f32x4.extract_lane 0 (local.get $sum)) (f32x4.extract_lane 1 (local.get $sum)))
        (f32.add (f32x4.extract_lane 2 (local.get $sum)) (f32x4.extract_lane 3 (local.get $sum)))))))
