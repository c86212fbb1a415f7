-- Optional, for the DBA: whoever changes a user's amounts has to set the user to `new`. This trigger does it for them.
-- It looks at the amounts only, so the daemon's own updates pass it by. There is no trigger for certain columns here: it runs at
-- every update of the table, for a little of each.
CREATE TRIGGER cardgenius_new_spending_sets_new BEFORE UPDATE ON user_spending_data
FOR EACH ROW SET
    NEW.processing_error = IF(OLD.avg_amazon_gmv <=> NEW.avg_amazon_gmv AND OLD.avg_flipkart_gmv <=> NEW.avg_flipkart_gmv
        AND OLD.avg_myntra_gmv <=> NEW.avg_myntra_gmv AND OLD.avg_ajio_gmv <=> NEW.avg_ajio_gmv
        AND OLD.avg_grocery_gmv <=> NEW.avg_grocery_gmv AND OLD.avg_confirmed_gmv <=> NEW.avg_confirmed_gmv,
        NEW.processing_error, NULL),
    NEW.processing_status = IF(OLD.avg_amazon_gmv <=> NEW.avg_amazon_gmv AND OLD.avg_flipkart_gmv <=> NEW.avg_flipkart_gmv
        AND OLD.avg_myntra_gmv <=> NEW.avg_myntra_gmv AND OLD.avg_ajio_gmv <=> NEW.avg_ajio_gmv
        AND OLD.avg_grocery_gmv <=> NEW.avg_grocery_gmv AND OLD.avg_confirmed_gmv <=> NEW.avg_confirmed_gmv,
        NEW.processing_status, 'new');
